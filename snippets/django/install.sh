pip install authlib django requests
