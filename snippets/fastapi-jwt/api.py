from typing import Annotated

from fastapi import Depends, FastAPI

from guard import require_scope

app = FastAPI()


@app.get("__RESOURCE_PATH__")
def read(token: Annotated[dict, Depends(require_scope("__API_SCOPE_FIRST__"))]):
    return {"you": token["sub"], "by": token["client_id"]}
