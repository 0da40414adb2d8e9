import express from 'express'
import { requireScope } from './guard.mjs'

const app = express()

app.get('__RESOURCE_PATH__', requireScope('__API_SCOPE_FIRST__'), (request, response) => {
  response.json({ you: request.token.sub, by: request.token.client_id })
})

app.listen(__RESOURCE_PORT__, () => console.log('listening for __RESOURCE__'))
