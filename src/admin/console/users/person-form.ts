import { z } from 'zod'
import type { Account } from '../../../accounts/account.ts'
import {
  addressFields,
  addressIn,
  addressNames,
  addressValues,
} from '../../../shared/profile/address-form.ts'
import {
  byProperty,
  edgeNames,
  type FormField,
  formFields,
  identifyingFields,
  otherFields,
  profileFields,
} from '../../../shared/profile/fields.ts'
import { PHONE_VERIFIED } from '../../../shared/profile/table.ts'

// What is known of a person, as a form: every field of src/shared/profile/table.ts under the name of its claim, the parts of
// the address as `address.country`.

const text = z.string().max(2000).optional()
const names = [...profileFields.map(({ claim }) => claim), ...addressNames]

/** To be spread into the schema of a form. */
export const personForm = {
  ...(Object.fromEntries(names.map((name) => [name, text])) as Record<string, typeof text>),
  [PHONE_VERIFIED.claim]: z.literal('on').optional(),
}

/** What a form says, by the names of the services. An empty field empties, one that is not in the form stays. */
export const personIn = (form: Readonly<Record<string, unknown>>, before?: Account) => ({
  ...byProperty(form, 'claim'),
  ...(form.phone_number !== undefined && {
    phoneVerified: isVerified(form, before),
  }),
  address: addressIn(form),
})

/** A box that was ticked for another number says nothing of a new one. */
const isVerified = (form: Readonly<Record<string, unknown>>, before: Account | undefined): boolean =>
  form.phone_number_verified === 'on' &&
  form.phone_number !== '' &&
  !(before?.phoneVerified && before.phoneNumber !== form.phone_number)

/** What a form shows of a person. */
export const personValues = (user: Account): Record<string, string> => ({
  ...Object.fromEntries(profileFields.map(({ property, claim }) => [claim, user[property] ?? ''])),
  ...addressValues(user.address),
  ...(user.phoneVerified && { phone_number_verified: 'on' }),
})

/** Names of fields in the services, and in the form. */
export const PERSON_NAMES = edgeNames('claim')

/** The names, which every form shows at once. */
export const nameFields = (): FormField[] => formFields(identifyingFields, { own: false })

/** Everything else. */
export const moreFields = (): FormField[] => [
  ...formFields(otherFields, { own: false }),
  ...addressFields({ own: false }),
]
