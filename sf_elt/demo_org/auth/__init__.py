"""Who may come in: OAuth for programs and in the browser, sessions, users and connected apps.

credentials.py   the org's API user, connected app and key pair, made once and kept beside the org's file
users.py         who may log in, and their passwords
attempts.py      how often one may try
apps.py          connected apps: what each may ask for; the file of --apps
sessions.py      access and refresh tokens, their ends; which users have let which apps in
api_session.py   the session that an API call needs
hosts.py         by which name the org was reached; production and sandbox
oauth.py         /services/oauth2/token, introspect, revoke
grants.py        from what a client sends to a session, or why not
jwt_bearer.py    what a JWT assertion must prove
replies.py       what a successful grant is answered with
authorize.py     /services/oauth2/authorize: login, consent, and the way back to the app
browsers.py      who is logged in in which browser, and what each was asked
codes.py         authorization codes and PKCE
passwords.py     whose password somebody may change
pages.py         HTML, from templates/
doors.py         what a browser finds at the addresses of the user interface
identity.py      the identity URL, userinfo, OpenID configuration and keys
openid.py        the org's signing key and ID tokens
"""
