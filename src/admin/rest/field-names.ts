import { edgeNames } from '../../shared/profile/fields.ts'
import { renaming } from '../../shared/validation-error.ts'

/** Names of fields in the services, and here. */
const FIELD_NAMES = { ...edgeNames('rest'), secondFactorRequired: 'second_factor_required' }

/** Does work of a service; what it says about fields comes back under the names of this API. */
export const inOurNames = <Result>(work: Promise<Result>): Promise<Result> => renaming(work, FIELD_NAMES)
