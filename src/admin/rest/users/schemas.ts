import { z } from 'zod'
import type { Account } from '../../../accounts/account.ts'
import { ACCOUNT_STATES, accountState } from '../../../shared/account-state.ts'
import { addressParts } from '../../../shared/profile/address.ts'
import { byNameOf, byProperty, profileFields } from '../../../shared/profile/fields.ts'
import { SECOND_FACTORS } from '../../../shared/second-factor.ts'
import { searchQuery } from '../paging.ts'
import { field, flag, text, time, timeOrNull, timestamp } from '../schemas.ts'

const role = z
  .string()
  .max(64)
  .meta({
    description: '`user`, `auditor`, `admin`, or the name of an administrator role.',
    examples: ['user'],
  })

export const user = z
  .object({
    id: z.string().meta({ examples: ['3f0c6c1e-3f56-4a5e-9d0a-2b1f0a9d7c11'] }),
    username: z.string().meta({ examples: ['ada'] }),
    email: z
      .string()
      .nullable()
      .meta({ description: 'An address that its owner has verified; null: none yet.' }),
    pending_email: z.string().nullable().meta({ description: 'An address that waits for its proof.' }),
    ...Object.fromEntries(profileFields.map(({ rest }) => [rest, z.string().nullable()])),
    phone_number_verified: z.boolean(),
    address: z
      .object(Object.fromEntries(addressParts.map(({ part }) => [part, z.string().optional()])))
      .nullable()
      .meta({ description: 'The parts of the claim (OpenID Connect Core §5.1.1).' }),
    attributes: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
      .meta({ description: 'What administrators have defined, by its name; of what has a value.' }),
    role,
    second_factors: z.array(z.enum(SECOND_FACTORS)).optional().meta({
      description:
        'The kinds of second factor that the person has; left out for roles that are limited to an organization.',
    }),
    second_factor_required: z
      .boolean()
      .meta({ description: 'An administrator requires one of this person, whatever the settings say.' }),
    status: z.enum(ACCOUNT_STATES),
    invited_until: timestamp
      .nullable()
      .meta({ description: 'Until when the invitation can be accepted; null: there is none, or it was.' }),
    locked_until: timestamp.nullable(),
    disabled_at: timestamp.nullable(),
    created_at: timestamp,
    updated_at: timestamp,
    last_sign_in_at: timestamp.nullable().meta({ description: 'To the minute.' }),
  })
  .meta({ id: 'User', description: 'A person. There is no password in it, and no way to set one here.' })

export const userView = (
  account: Account,
  attributes: z.input<typeof user>['attributes'],
  now: number,
  nameOf: (role: string) => string,
): z.input<typeof user> => ({
  id: account.id,
  username: account.displayUsername,
  email: account.email,
  pending_email: account.pendingEmail,
  ...byNameOf('rest', account),
  phone_number_verified: account.phoneVerified,
  address: account.address,
  attributes,
  role: nameOf(account.role),
  second_factors: [...account.secondFactors],
  second_factor_required: account.secondFactorRequired,
  status: accountState(account, now),
  invited_until: timeOrNull(account.invitedUntil),
  locked_until: timeOrNull(account.lockedUntil),
  disabled_at: timeOrNull(account.disabledAt),
  created_at: time(account.createdAt),
  updated_at: time(account.updatedAt),
  last_sign_in_at: timeOrNull(account.lastSignInAt),
})

export const userQuery = searchQuery.extend({
  attribute: z
    .string()
    .max(600)
    .regex(/^[a-z][a-z0-9_]*=/, 'Write it as name=value.')
    .optional()
    .meta({ description: 'Whose attribute has a value: `name=value`.', examples: ['cost_center=4711'] }),
  role: role.optional(),
  second_factor: z
    .enum(['any', 'none', 'passkey'])
    .optional()
    .meta({ description: 'With a second factor, without one, or with a passkey.' }),
})

const names = {
  ...Object.fromEntries(
    profileFields.map(({ rest, label, hint = '', example }) => [
      rest,
      text(`${label}. ${hint} Empty or null: none.`.replace('  ', ' '), example),
    ]),
  ),
  phone_number_verified: flag('Another number is not verified unless this says so.'),
  attributes: field(
    { type: 'object' },
    'By their names, what administrators have defined; those that are left out stay, null empties one.',
    { cost_center: '4711' },
  ),
  address: field(
    {
      type: ['object', 'null'],
      properties: Object.fromEntries(
        addressParts.map(({ part, label }) => [part, { type: ['string', 'null'], description: label }]),
      ),
    },
    'Parts that are left out stay; null empties one, or all.',
    Object.fromEntries(addressParts.slice(1).map(({ part, example }) => [part, example])),
  ),
}

/** What a body says of a person, by the names of the services. */
export const personOf = (body: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  ...byProperty(body, 'rest'),
  phoneVerified: body.phone_number_verified,
  address: body.address,
  attributes: body.attributes,
})

/** `name=value` of the query. */
export function attributeOf(query: string | undefined): { name: string; value: string } | undefined {
  if (query === undefined) return undefined
  const at = query.indexOf('=')
  return { name: query.slice(0, at), value: query.slice(at + 1) }
}

const mailbox = text('The person proves it by a message that is sent there.', 'ada@example.com')
const roleField = text(
  'user, auditor, admin, or the name of an administrator role. Nobody gives what they do not hold, or changes their own.',
)

export const userBody = z
  .strictObject(
    {
      username: text(
        'By which the person signs in. Left out with an invitation: created from the address.',
        'ada',
      ),
      email: mailbox,
      ...names,
      role: roleField,
      verified: flag('The address counts as verified, and no invitation is sent.'),
    },
    { error: 'Send a JSON object.' },
  )
  .meta({ examples: [{ username: 'ada', email: 'ada@example.com', first_name: 'Ada' }] })

export const userChanges = z
  .strictObject(
    {
      ...names,
      email: mailbox,
      role: roleField,
      second_factor_required: flag(
        'Whether the person has to have a second factor, whatever the settings say.',
      ),
    },
    { error: 'Send a JSON object.' },
  )
  .meta({
    description: 'A JSON merge patch (RFC 7396): what is left out stays.',
    examples: [{ first_name: 'Ada', last_name: 'King' }],
  })

export const session = z.object({
  id: z.string().meta({ description: 'Names it, and signs nobody in.' }),
  device: z.string().meta({ examples: ['Firefox on Linux'] }),
  detail: z.string().meta({ examples: ['Signed in on 3 Nov 2026, 14:05 UTC from 192.0.2.1'] }),
  last_active: z
    .string()
    .nullable()
    .meta({ examples: ['Last active 5 Nov 2026, 09:12 UTC from 192.0.2.7'], description: 'To ten minutes.' }),
})
export const identity = z.object({
  id: z.string(),
  provider: z.string(),
  issuer: z.string(),
  subject: z.string(),
  label: z.string().nullable(),
  created_at: timestamp,
  last_used_at: timestamp,
})
export const consent = z.object({
  client_id: z.string(),
  scope: z.string(),
  resources: z.record(z.string(), z.string()).meta({ description: 'Scopes by API.' }),
  claims: z
    .array(z.string())
    .meta({ description: 'Asked for one by one, beside those that the scopes bring.' }),
  granted_at: timestamp,
})

/** Everything of one account: it has no pages. */
export const allOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item) })

export const factors = z
  .object({
    items: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(SECOND_FACTORS),
        name: z.string().optional().meta({ description: 'What its owner calls it.' }),
        created_at: timestamp,
        last_used_at: timestamp.nullable(),
      }),
    ),
    recovery_codes_left: z.int(),
    required_by: z.enum(['setting', 'role', 'person']).nullable().meta({
      description:
        'Which rule wants a second factor: the setting of all, that of the role, or an administrator of this person. Null: none does.',
    }),
    recovery: z
      .object({
        started_by: z.enum(['owner', 'administrator']),
        started_at: timestamp,
        ready_at: timestamp,
        expires_at: timestamp,
      })
      .nullable()
      .meta({ description: 'The removal of all of them that waits; null: none does.' }),
  })
  .meta({ id: 'UserFactors' })

export const recoveryStarted = z.object({
  ready_at: timestamp.meta({
    description: 'From when the person can remove them, by a link that is sent then.',
  }),
})
