pip install fastapi uvicorn authlib httpx itsdangerous
pip install 'pyjwt[crypto]' python-multipart # ? backchannel
