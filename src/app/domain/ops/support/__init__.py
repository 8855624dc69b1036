"""An operator in a company's place: whom it may be for, and how far it reaches."""
