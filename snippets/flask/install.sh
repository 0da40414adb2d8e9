pip install flask authlib requests
pip install 'pyjwt[crypto]' # ? backchannel
