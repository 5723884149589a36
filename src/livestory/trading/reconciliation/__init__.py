"""The account compared with what it should hold."""
