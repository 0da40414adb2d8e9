import { test } from 'vitest'
import { guardsApi, usesTools } from './behaviour.ts'
import { clientFixture } from './clients.ts'
import { needsPackages } from './packages.ts'

needsPackages()
const fixture = clientFixture()

test.each(['mcp-server-jwt', 'mcp-server-introspection'])(
  'an MCP client uses the tools of %s for a person, and refreshes',
  (id) => usesTools(fixture, 'mcp-client', id).then(() => undefined),
  120_000,
)

test.each(['express-jose', 'express-introspection'])(
  '%s lets in the tokens of its API with the scope, and no others',
  (id) => guardsApi(fixture, id).then(() => undefined),
  60_000,
)
