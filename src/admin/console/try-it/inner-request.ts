import type { FastifyInstance } from 'fastify'
import type { TryDependencies } from './dependencies.ts'

/** @returns what makes a request to the server itself, inside the process, from the address of the browser that asks */
export const innerRequest =
  (app: FastifyInstance): TryDependencies['tryOut']['call'] =>
  async ({ method, path, headers, body }, from) => {
    const response = await app.inject({
      method,
      url: path,
      headers,
      remoteAddress: from.ip,
      ...(body !== undefined && { payload: body }),
    })
    const fields = Object.entries(response.headers).map(([name, value]) => [
      name,
      typeof value === 'number' ? String(value) : value,
    ])
    return { status: response.statusCode, headers: Object.fromEntries(fields), body: response.body }
  }
