uvicorn api:app --port __RESOURCE_PORT__
