import { AppError } from '../../errors.ts'
import { problemLines } from '../../problem-lines.ts'

/** One thing that is wrong with an input, and a way out. A setting of the kind is named by itself. */
export interface Problem {
  field: string
  message: string
}

/** A provider that cannot be added: every problem of it at once. */
export class InvalidProviderError extends AppError {
  /** The problems by field, as the JSON API and the command line show them. */
  readonly errors: Readonly<Record<string, readonly string[]>>

  constructor(problems: readonly Problem[]) {
    super('invalid_provider', 422, problemLines(problems))
    this.name = 'InvalidProviderError'
    // A field may be named “constructor”: collected in a Map, which inherits nothing.
    const byField = Map.groupBy(problems, ({ field }) => field)
    this.errors = Object.fromEntries(
      [...byField].map(([field, all]) => [field, [...new Set(all.map(({ message }) => message))]]),
    )
  }
}
