"""The work of the example DAG: the words of a day. Start from here to compute something of your own."""
