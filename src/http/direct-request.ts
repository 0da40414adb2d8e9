import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger } from 'fastify'
import { idOf } from './instance.ts'

/** As much of Fastify's request as is asked of one before Fastify has it. */
export class DirectRequest {
  readonly raw: IncomingMessage
  readonly id: string
  readonly routeOptions: { readonly url: string | undefined }
  readonly #addressOf: (request: IncomingMessage) => string
  readonly #log: FastifyBaseLogger
  #ip: string | undefined
  #ownLog: FastifyBaseLogger | undefined

  /** @param path of its route; undefined: not looked for @param log of the server */
  constructor(
    raw: IncomingMessage,
    path: string | undefined,
    addressOf: (request: IncomingMessage) => string,
    log: FastifyBaseLogger,
  ) {
    this.raw = raw
    this.id = idOf(raw)
    this.routeOptions = { url: path }
    this.#addressOf = addressOf
    this.#log = log
  }

  get method(): string {
    return this.raw.method ?? ''
  }

  get url(): string {
    return this.raw.url ?? ''
  }

  get headers(): IncomingHttpHeaders {
    return this.raw.headers
  }

  get ip(): string {
    this.#ip ??= this.#addressOf(this.raw)
    return this.#ip
  }

  get log(): FastifyBaseLogger {
    this.#ownLog ??= this.#log.child({ request_id: this.id })
    return this.#ownLog
  }
}

/** Keeps the headers that are announced before there is an answer. */
export class DirectReply {
  readonly raw: ServerResponse
  readonly headers: Record<string, string> = {}

  constructor(raw: ServerResponse) {
    this.raw = raw
  }

  header(name: string, value: string | number): void {
    this.headers[name] = String(value)
  }

  getHeader(name: string): string | undefined {
    return this.headers[name]
  }
}
