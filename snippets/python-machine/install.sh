pip install authlib requests
