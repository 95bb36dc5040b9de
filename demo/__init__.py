"""A morning of simulated agencies around a real gateway: everything in it is invented, every call in it is real.

Enters: the configuration of a federation and a folder for state. Leaves: a timeline, and checks that nothing was lost
or doubled. Refuses: a port that another program holds. The gateway never imports this package.
"""
