"""The kit that checks latches and barriers against the specification. It needs the extra `latchproof[verify]`."""
