pip install fastapi uvicorn 'pyjwt[crypto]'
