"""The whole money engine under whatever customers, operators, PayTR and time may do."""
