import { AppError } from '../../errors.ts'
import { own } from '../../own.ts'
import { profileFields } from '../../profile-fields.ts'

/** Names of what people are called, which are older here than the claims. */
const OTHERWISE: Readonly<Record<string, string>> = { given_name: 'first_name', family_name: 'last_name' }

/** What is known of a person, by the names of this API: those of the claims, but for two. */
export const personFields = profileFields.map(({ claim, ...field }) => ({
  ...field,
  name: OTHERWISE[claim] ?? claim,
}))

/** Names of fields in the services, and here. */
const FIELD_NAMES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(personFields.map(({ property, name }) => [property, name])),
  phoneVerified: 'phone_number_verified',
}

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
