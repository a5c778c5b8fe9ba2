"""What `zappa deploy` needs beside Zappa: its hooks, and the policies of those who act on AWS."""
