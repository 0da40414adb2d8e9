pip install authlib django requests
pip install 'pyjwt[crypto]' # ? backchannel
