import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { type ResourceServerOptions, resourceServer } from '../../src/resource-server/index.ts'

/** A tiny API behind the guard, with a route of each kind. */
export async function createApi(
  options: ResourceServerOptions,
  server: FastifyServerOptions = {},
): Promise<FastifyInstance> {
  const app = fastify(server)
  await app.register(resourceServer, options)
  app.get('/any', (request) => ({
    ...request.token,
    scopes: [...request.token.scopes],
    claims: undefined,
  }))
  app.get('/books', { config: { scope: 'books:read' } }, () => 'books')
  app.post('/books', { config: { scope: ['books:read', 'books:write'] } }, () => 'added')
  app.get('/health', { config: { public: true } }, () => 'ok')
  app.get('/oops', { config: { public: true } }, (request) => request.token.sub)
  await app.ready()
  return app
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
