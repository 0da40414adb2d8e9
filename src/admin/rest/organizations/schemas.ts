import { z } from 'zod'
import type { NamedOrganizationField } from '../../../organizations/fields.ts'
import type {
  Organization,
  OrganizationInvitation,
  OrganizationMember,
} from '../../../organizations/organization.ts'
import { field, list, time, timestamp } from '../schemas.ts'

const ANSWERS = {
  line: z.string(),
  flag: z.boolean(),
  seconds: z.number().nullable(),
  roles: z.array(z.string()),
} as const
const BODIES = {
  line: { type: 'string' },
  flag: { type: 'boolean' },
  seconds: { type: ['integer', 'null'] },
  roles: { type: 'array', items: { type: 'string' } },
} as const

const named = <Value>(
  fields: readonly NamedOrganizationField[],
  made: (field: NamedOrganizationField) => Value,
): Record<string, Value> => Object.fromEntries(fields.map((each) => [each.name, made(each)]))

/** An organization as the administration API has it, in answers and bodies. The service judges what is sent. */
export const organizationSchemas = (fields: readonly NamedOrganizationField[]) => ({
  answer: z
    .object({
      id: z.string(),
      ...named(fields, (each): z.ZodType => ANSWERS[each.kind].meta({ description: each.rest.description })),
      created_at: timestamp,
    })
    .meta({ id: 'Organization', description: 'A company that people sign in for.' }),
  body: z
    .looseObject(
      named(fields, (each) => field(BODIES[each.kind], each.rest.description, each.rest.example)),
      { error: 'Send a JSON object.' },
    )
    .meta({ examples: [named(fields, ({ rest }) => rest.example)] }),
})

/** What is answered of an organization. */
export const organizationView = (fields: readonly NamedOrganizationField[], one: Organization) => ({
  id: one.id,
  ...named(fields, ({ name }): unknown => one[name]),
  created_at: time(one.createdAt),
})

/** Roles, in a body. */
export const rolesField = list('Names of roles of the template (setting `organization_roles`).', ['member'])

export const memberAnswer = z
  .object({
    user_id: z.string(),
    username: z.string(),
    email: z.string().nullable(),
    roles: z.array(z.string()),
    since: timestamp,
  })
  .meta({ id: 'OrganizationMember' })

export const memberView = ({ accountId, username, email, roles, createdAt }: OrganizationMember) => ({
  ...{ user_id: accountId, username, email, roles },
  since: time(createdAt),
})

export const invitationAnswer = z
  .object({
    id: z.string(),
    email: z.string(),
    roles: z.array(z.string()),
    invited_by: z.string().meta({ description: 'A name, for people.' }),
    expired: z.boolean().meta({ description: 'Its link leads nowhere; it can be sent again.' }),
    created_at: timestamp,
    sent_at: timestamp,
    expires_at: timestamp,
  })
  .meta({ id: 'OrganizationInvitation' })

export const invitationView = (one: OrganizationInvitation) => ({
  ...{ id: one.id, email: one.email, roles: one.roles, invited_by: one.invitedBy, expired: one.expired },
  ...{ created_at: time(one.createdAt), sent_at: time(one.sentAt), expires_at: time(one.expiresAt) },
})
