from flask import Flask, g

from guard import require_scope

app = Flask(__name__)


@app.get("__RESOURCE_PATH__")
@require_scope("__API_SCOPE_FIRST__")
def read():
    return {"you": g.token["sub"], "by": g.token["client_id"]}
