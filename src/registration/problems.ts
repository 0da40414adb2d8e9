import { AppError } from '../errors.ts'
import { errorsByField } from '../http/problem.ts'
import { problemLines } from '../problem-lines.ts'

/** One thing that a client may not have, and why. `field` is its RFC 7591 name. */
export interface Problem {
  field: string
  message: string
}

/** An input that is refused, with everything that is wrong with it. */
export class RefusedMetadata extends AppError {
  readonly errors: Record<string, string[]>

  constructor(problems: readonly Problem[], code = 'invalid_client_metadata') {
    super(code, 422, problemLines(problems))
    this.name = 'RefusedMetadata'
    // A field may be named “constructor”: collected in a Map, which inherits nothing.
    const byField = Map.groupBy(problems, ({ field }) => field)
    this.errors = Object.fromEntries(
      [...byField].map(([field, all]) => [field, all.map(({ message }) => message)]),
    )
  }
}

/**
 * The problems of an error that has some by field, and further ones. Every other error is what it was.
 * @param known fields of which the further ones say all there is
 */
export function joined(
  error: unknown,
  problems: readonly Problem[],
  known: ReadonlySet<string> = new Set(),
): unknown {
  const found = error instanceof AppError ? errorsByField(error) : undefined
  if (found === undefined) return error
  const first = Object.entries(found)
    .filter(([field]) => !known.has(field))
    .flatMap(([field, all]) => all.map((message) => ({ field, message })))
  return new RefusedMetadata([...first, ...problems])
}
