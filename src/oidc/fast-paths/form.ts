import type { IncomingMessage } from 'node:http'
import { parse } from 'node:querystring'
import { hasTooManyParameters } from '../provider/parameter-limit.ts'

/** Bytes of the largest form that is looked at: a JWT with credentials beside it is a third of it. */
const MAX_FORM = 16 * 1024

const FORM = /^application\/x-www-form-urlencoded(; ?charset=utf-8)?$/i

/** The parameters of a form, each once. */
export type FormParameters = Readonly<Record<string, string | undefined>>

/**
 * Reads the body of a plain form, which `giveBackForm` lets the library read once more. Undefined: it is none, or has a parameter twice or
 * too many of them.
 */
export async function readForm(request: IncomingMessage): Promise<FormParameters | undefined> {
  const { 'content-type': type = '', 'content-length': length, 'transfer-encoding': coding } = request.headers
  if (!FORM.test(type) || length === undefined || coding !== undefined || Number(length) > MAX_FORM)
    return undefined
  const body = await bodyOf(request)
  if (body === undefined) return undefined
  bodies.set(request, body)
  const text = body.toString()
  if (hasTooManyParameters(text)) return undefined
  const parameters = parse(text)
  for (const name in parameters) if (typeof parameters[name] !== 'string') return undefined
  return parameters as FormParameters
}

/** Undefined: the connection was lost before the end. One that was lost before has no event any more. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  if (request.destroyed) return undefined
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>()
  const chunks: Buffer[] = []
  let settled = false
  // Once: Node is told of each further time, which costs as much as reading the form.
  const settle = (body?: Buffer) => {
    if (!settled) resolve(body)
    settled = true
  }
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => settle(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
  request.on('close', () => settle())
  request.on('error', () => settle())
  return promise
}

const bodies = new WeakMap<IncomingMessage, Buffer>()

/** Gives the library a body that was read: it reads by `iterator`, and only of a request that is readable. */
export function giveBackForm(request: IncomingMessage): void {
  const body = bodies.get(request)
  if (body === undefined) return
  Object.defineProperty(request, 'readable', { value: true, configurable: true, writable: true })
  Object.defineProperty(request, 'iterator', {
    configurable: true,
    writable: true,
    async *value() {
      yield body
    },
  })
}
