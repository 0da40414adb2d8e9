import { Message, message } from './locales/texts.ts'

/**
 * An error with a public and an internal half. The public half (code, status, publicMessage) answers the request;
 * `cause` and `detail` go to the log alone.
 */
export class AppError extends Error {
  /** Stable, machine-readable, snake_case. */
  readonly code: string
  /** HTTP status. */
  readonly status: number
  readonly #said: string | Message
  /** Seconds until a retry makes sense; sent as Retry-After. */
  readonly retryAfter: number | undefined
  /** Further members of a problem (RFC 9457 §3.2), in answers to programs. */
  readonly members: Readonly<Record<string, unknown>> | undefined

  constructor(
    code: string,
    status: number,
    publicMessage: string | Message,
    options: {
      cause?: unknown
      detail?: string
      retryAfter?: number
      members?: Record<string, unknown>
    } = {},
  ) {
    const english = publicMessage instanceof Message ? publicMessage.english : publicMessage
    super(options.detail ?? english, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'AppError'
    this.code = code
    this.status = status
    this.#said = publicMessage
    this.retryAfter = options.retryAfter
    this.members = options.members
  }

  /** In the language of the request that it is read in. */
  get publicMessage(): string {
    return String(this.#said)
  }
}

/** What was looked at is not what is stored any more (RFC 9110 §13.1.1). */
export class VersionConflict extends AppError {
  /** @param what “client” */
  constructor(what: string) {
    super('version_conflict', 409, message('admin.common.changed', { what }))
    this.name = 'VersionConflict'
  }
}

/** Lets one error pass, by its code: what was to be removed is gone already. `work.catch(unlessCode('client_not_found'))` */
export const unlessCode =
  (code: string) =>
  (error: unknown): void => {
    if (!(error instanceof AppError) || error.code !== code) throw error
  }
