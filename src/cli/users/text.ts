import type { Account } from '../../accounts/account.ts'
import { accountState } from '../../shared/account-state.ts'
import { toSeconds } from '../../shared/clock.ts'
import { addressParts } from '../../shared/profile/address.ts'
import { byNameOf, profileFields } from '../../shared/profile/fields.ts'
import { PHONE_VERIFIED } from '../../shared/profile/table.ts'
import type { CliServices } from '../services.ts'
import { labelledLines, time } from '../text.ts'

/** The proven address, else the one that waits for its proof. */
export const emailOf = (account: Account): string | null => account.email ?? account.pendingEmail

/** An account as JSON. Times in seconds since the epoch, as everywhere in JSON. */
export const accountDocument = (
  account: Account,
  { attributes, administratorRoles }: Pick<CliServices, 'attributes' | 'administratorRoles'>,
) => ({
  id: account.id,
  username: account.displayUsername,
  email: emailOf(account),
  email_verified: account.email !== null,
  ...byNameOf('claim', account),
  [PHONE_VERIFIED.claim]: account.phoneVerified,
  address: account.address,
  attributes: attributes.shown(account.attributes),
  role: administratorRoles.nameOf(account.role),
  second_factors: [...account.secondFactors],
  second_factor_required: account.secondFactorRequired,
  disabled: account.disabledAt !== null,
  invited_until: toSeconds(account.invitedUntil),
  locked_until: toSeconds(account.lockedUntil),
  created_at: toSeconds(account.createdAt),
  last_sign_in_at: toSeconds(account.lastSignInAt),
})

/** An account as people read it. */
export const accountText = (
  account: Account,
  now: number,
  { attributes, administratorRoles }: Pick<CliServices, 'attributes' | 'administratorRoles'>,
): string =>
  labelledLines([
    ['username', account.displayUsername],
    [
      'email',
      emailOf(account) === null
        ? undefined
        : `${emailOf(account)}${account.email === null ? ' (unverified)' : ''}`,
    ],
    ...profileFields.map(({ label, property }): [string, string | undefined] => [
      label.toLowerCase(),
      account[property] ?? undefined,
    ]),
    ...addressParts.map(({ label, part }): [string, string | undefined] => [
      label.toLowerCase(),
      account.address?.[part]?.replaceAll('\n', ', '),
    ]),
    ...Object.entries(attributes.shown(account.attributes)).map(([name, value]): [string, string] => [
      name,
      [value].flat().join(', '),
    ]),
    ['role', administratorRoles.nameOf(account.role)],
    ['second factors', account.secondFactors.length === 0 ? undefined : account.secondFactors.join(', ')],
    ['second factor', account.secondFactorRequired ? 'required of this person' : undefined],
    ['state', accountState(account, now)],
    ['invited until', account.invitedUntil === null ? undefined : time(account.invitedUntil)],
    ['locked until', account.lockedUntil === null ? undefined : time(account.lockedUntil)],
    ['created', time(account.createdAt)],
    ['last sign-in', time(account.lastSignInAt)],
    ['id', account.id],
  ])
