"""What a day was expected to bring, beside what it brought."""
