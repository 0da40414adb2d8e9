import { AppError } from '../errors.ts'
import { problemLines } from '../problem-lines.ts'

/** One thing that is wrong with an input, and a way out. `field` is the name the caller used (RFC 7591 names). */
export interface Problem {
  field: string
  message: string
}

/** An input that cannot be stored: every problem of it at once. Shown in full to whoever sent it. */
export class InvalidInputError extends AppError {
  readonly problems: readonly Problem[]

  /** @param code RFC 7591 §3.2.2 names it for clients: invalid_client_metadata */
  constructor(code: string, problems: readonly Problem[]) {
    super(code, 422, problemLines(problems))
    this.name = 'InvalidInputError'
    this.problems = problems
  }

  /** The problems by field, as the JSON API shows them (RFC 9457 extension member `errors`). */
  get errors(): Record<string, string[]> {
    // A field may be named “constructor”: collected in a Map, which inherits nothing.
    const byField = Map.groupBy(this.problems, ({ field }) => field)
    return Object.fromEntries([...byField].map(([field, all]) => [field, all.map(({ message }) => message)]))
  }
}
