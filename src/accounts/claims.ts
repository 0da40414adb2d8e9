import { t } from '../shared/locales/texts.ts'
import { mergedAddress } from '../shared/profile/address.ts'
import { profileFields } from '../shared/profile/fields.ts'
import { refusedFields } from '../shared/validation-error.ts'
import type { Account } from './account.ts'
import type { ProfileColumns } from './store/values.ts'

type Before = Pick<Account, 'phoneNumber' | 'phoneVerified' | 'address'>

/** A person of whom nothing is known yet. */
const NEW_PERSON: Before = { phoneNumber: null, phoneVerified: false, address: null }

/**
 * What is to be stored of the claims that were given; undefined ones stay. Another phone number is not verified unless it is
 * said to be.
 * @throws ValidationError on `phoneVerified` without a number
 */
export function claimChanges(
  given: { [Property in keyof ProfileColumns]?: unknown },
  before: Before = NEW_PERSON,
): Partial<ProfileColumns> {
  const names = profileFields.map(({ property }) => property)
  const changes: Partial<ProfileColumns> = Object.fromEntries(
    names.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]),
  )
  if (given.address !== undefined) {
    const address = mergedAddress(before.address, given.address as Parameters<typeof mergedAddress>[1])
    changes.address = address && JSON.stringify(address)
  }
  const number = changes.phoneNumber === undefined ? before.phoneNumber : changes.phoneNumber
  if (typeof given.phoneVerified === 'boolean') {
    if (given.phoneVerified && number === null) throw refusedFields({ phoneVerified: t('profile.noPhone') })
    changes.phoneVerified = given.phoneVerified
  } else if (number !== before.phoneNumber) changes.phoneVerified = false
  return changes
}
