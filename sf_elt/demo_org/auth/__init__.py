"""Who may come in: OAuth token grants, SOAP login, sessions.

credentials.py   the org's API user, connected app and key pair, made once and kept beside the org's file
sessions.py      access and refresh tokens, their ends
jwt_bearer.py    what a JWT assertion must prove
oauth.py         /services/oauth2/token, revoke, userinfo
"""
