"""Being connected to an org: who logs in, the session, and every HTTP call over it.

connect.py         `Org`, an open session, and `connect`
halting.py         threads that nobody waits for any more
login.py           `Login`: credentials, and where they come from
refused_logins.py  what an administrator does about a login that is refused
sessions.py        the sessions that are open in this process, shared and renewed once for all
transport.py       every call: counted before it leaves, bounded in time, repeated where that is safe
"""
