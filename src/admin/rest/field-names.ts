import { AppError } from '../../errors.ts'
import { own } from '../../own.ts'

/** Names of fields in the services, and here. */
const FIELD_NAMES: Readonly<Record<string, string>> = { givenName: 'first_name', familyName: 'last_name' }

/** A refusal of single fields, by the names of this API. */
class FieldProblems extends AppError {
  readonly errors: Readonly<Record<string, unknown>>

  constructor(cause: AppError, errors: Record<string, unknown>) {
    super(cause.code, cause.status, cause.publicMessage, {
      detail: `refused fields: ${Object.keys(errors).join(', ')}`,
    })
    this.errors = errors
  }
}

/** Does work of a service; what it says about fields comes back under the names of this API. */
export async function inOurNames<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof AppError) || !('errors' in error)) throw error
    const renamed = Object.entries(error.errors as object).map(([name, messages]) => [
      own(FIELD_NAMES, name) ?? name,
      messages,
    ])
    throw new FieldProblems(error, Object.fromEntries(renamed))
  }
}
