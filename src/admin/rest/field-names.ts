import { profileFields } from '../../shared/profile-fields.ts'
import { renaming } from '../../shared/validation-error.ts'

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

/** Does work of a service; what it says about fields comes back under the names of this API. */
export const inOurNames = <Result>(work: Promise<Result>): Promise<Result> => renaming(work, FIELD_NAMES)
