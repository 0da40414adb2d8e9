/**
 * Invitations to an organization, by mail:
 *
 *   invited ──mail──► waits ──(the link, by the account that has proven the address)──► a member
 *                       │ ──(sent again)──► waits; the link before leads nowhere
 *                       └ ──(revoked)──► over      seven days ──► the link leads nowhere; it can be sent again
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { isId } from '../../shared/ids.ts'
import { message, t } from '../../shared/locales/texts.ts'
import { type Page, type PageRequest, parsePageRequest, toPage } from '../../shared/paging.ts'
import { refusedFields } from '../../shared/validation-error.ts'
import type { Organization, OrganizationEvent, OrganizationInvitation } from '../organization.ts'
import type { RoleTemplate } from '../template.ts'
import type { InvitationRow, InvitationStore, MailCount } from './store.ts'

/** Seconds that a link works. */
const TTL = 7 * 86_400
/** Invitations of one organization that wait at once. */
const MAX_PENDING = 1000
/** Messages to one address in an hour, over all organizations. */
const MOST_AN_HOUR = 5
const HOUR = 3_600_000
/** Milliseconds that one is kept that is over. */
const RETENTION = 30 * 86_400_000
const BATCH = 500

export interface InvitationMail {
  to: string
  template: 'organization-invitation'
  data: { organization: string; invitedBy: string; link: string; validFor: number }
  brand: { organization: string }
}

/** What the link of an invitation offers. */
export interface OfferedMembership {
  /** Of the invitation. */
  id: string
  organizationId: string
  organization: string
  email: string
  roles: string[]
  invitedBy: string
}

/** Who accepts. */
interface Invited {
  id: string
  /** Proven; null: none is. */
  email: string | null
}

export interface Invitations {
  /**
   * Sends an invitation.
   * @param given.managerId whose it is: it ends with the roles by which they could send it
   * @throws ValidationError (422) on `email` or `roles`; (409) where one waits for the address already, or a member has it ·
   *   AppError organization_not_found (404), too_many_mails (429), too_many (409)
   */
  create(
    organizationId: string,
    input: { email?: unknown; roles?: unknown },
    given?: { managerId?: string | undefined },
  ): Promise<OrganizationInvitation>
  /**
   * The roles of a member are other ones: what they sent as a manager, and could not send any more, leads nowhere.
   * @param after none: they are no member any more
   */
  afterChange(
    organization: Pick<Organization, 'id' | 'name'>,
    accountId: string,
    before: readonly string[],
    after?: readonly string[],
  ): Promise<void>
  /** Those that wait, the newest first. @throws AppError invalid_page (400), organization_not_found (404) */
  list(organizationId: string, request?: PageRequest): Promise<Page<OrganizationInvitation>>
  /** One that waits. @throws AppError invitation_not_found (404) */
  get(organizationId: string, id: string): Promise<OrganizationInvitation>
  /** How many wait, counted up to a thousand. */
  count(organizationId: string): Promise<number>
  /** The link before leads nowhere from now on. @throws AppError invitation_not_found (404), too_many_mails (429) */
  sendAgain(organizationId: string, id: string): Promise<OrganizationInvitation>
  /** @throws AppError invitation_not_found (404) */
  revoke(organizationId: string, id: string): Promise<void>
  /** What a link offers; uses nothing up. Undefined: it leads nowhere. */
  peek(token: string): Promise<OfferedMembership | undefined>
  /**
   * Makes the account that has proven the invited address a member. Undefined: the link leads nowhere.
   * @throws AppError another_address (403): the account has not proven that one
   */
  accept(token: string, invited: Invited): Promise<OfferedMembership | undefined>
  /** Deletes some that were over a month ago, and counts of mails whose hour is over. Returns how many rows. */
  prune(): Promise<number>
}

export function createInvitations({
  store,
  template,
  find,
  clock,
  issuer,
  mail,
  canonicalEmail,
  inviterName,
  events,
}: {
  store: InvitationStore
  template: RoleTemplate
  /** @throws AppError organization_not_found (404) */
  find(id: string): Promise<Organization>
  clock: Clock
  issuer: string
  mail: { send(mail: InvitationMail): void }
  /** An address in canonical form; undefined: it is none. */
  canonicalEmail(typed: string): string | undefined
  /** What people call who acts. */
  inviterName(): Promise<string>
  /** Told of every change after it is stored. */
  events(event: OrganizationEvent): void
}): Invitations {
  const view = ({ organizationId: _, roles, createdAt, sentAt, expiresAt, ...row }: InvitationRow) => ({
    ...row,
    roles: template.counting(roles),
    createdAt: createdAt.getTime(),
    sentAt: sentAt.getTime(),
    expiresAt: expiresAt.getTime(),
    expired: expiresAt.getTime() <= clock(),
  })

  /** One more mail to an address, which is counted with what it is for, or neither is. */
  const mailTo = (email: string): MailCount => {
    const now = clock()
    const times = { now: new Date(now), windowEndsAt: new Date(now + HOUR) }
    return { key: createHash('sha256').update(email).digest('base64url'), ...times, most: MOST_AN_HOUR }
  }

  function newLink() {
    const token = randomBytes(32).toString('base64url')
    const now = clock()
    return {
      token,
      stored: { tokenHash: hashOf(token), sentAt: new Date(now), expiresAt: new Date(now + TTL * 1000) },
    }
  }

  const send = (
    { id, name }: Pick<Organization, 'id' | 'name'>,
    { email, invitedBy }: Pick<InvitationRow, 'email' | 'invitedBy'>,
    token: string,
  ): void =>
    mail.send({
      to: email,
      template: 'organization-invitation',
      data: {
        organization: name,
        invitedBy,
        link: `${issuer}/invitation/organization?token=${token}`,
        validFor: TTL,
      },
      brand: { organization: id },
    })

  async function get(organizationId: string, id: string): Promise<InvitationRow> {
    const row = isId(organizationId) && isId(id) ? await store.find(organizationId, id) : undefined
    if (row === undefined) throw notFound()
    return row
  }

  async function byToken(token: string) {
    const row = isToken(token) ? await store.byToken(hashOf(token), new Date(clock())) : undefined
    return row?.organization.disabled ? undefined : row
  }

  const offer = ({
    organization,
    ...row
  }: InvitationRow & { organization: { name: string } }): OfferedMembership => ({
    id: row.id,
    organizationId: row.organizationId,
    organization: organization.name,
    email: row.email,
    roles: template.counting(row.roles),
    invitedBy: row.invitedBy,
  })

  return {
    async afterChange({ id, name }, accountId, before, after) {
      const lost = after && template.lost(before, after)
      if (lost?.length === 0) return
      const some = after && template.manages(after) ? lost : undefined
      for (const { id: invitation, email } of await store.endOf(id, accountId, some))
        events({ type: 'organization.invitation_revoked', id, name, invitation, after: { email } })
    },

    async create(organizationId, input, { managerId } = {}) {
      const organization = await find(organizationId)
      const { id, name } = organization
      const email = typeof input.email === 'string' ? canonicalEmail(input.email) : undefined
      if (email === undefined || email.length > 254) throw refusedFields({ email: t('email.like') })
      const roles = template.parse(input.roles)
      if (await store.isMember(id, email))
        throw refusedFields({ email: t('organizations.problem.member') }, 409)
      if ((await store.countPending(id, MAX_PENDING)) >= MAX_PENDING)
        throw new AppError('too_many', 409, message('organizations.problem.tooMany', { count: MAX_PENDING }))
      const { token, stored } = newLink()
      const row = {
        ...{ id: randomUUID(), organizationId: id, email, roles: roles.join(' ') },
        ...{ invitedBy: await inviterName(), createdAt: stored.sentAt, ...stored },
      }
      const done = await store.insert({ ...row, managerId: managerId ?? null }, mailTo(email))
      if (done === 'full') throw enoughMails()
      if (done === 'missing') await find(id)
      if (done === 'pending') throw refusedFields({ email: t('organizations.problem.waits') }, 409)
      events({ type: 'organization.invited', id, name, invitation: row.id, after: { email, roles } })
      send(organization, row, token)
      const { tokenHash: _, ...shown } = row
      return view(shown)
    },

    async list(organizationId, request = {}) {
      await find(organizationId)
      const { limit, after } = parsePageRequest(request)
      const rows = await store.list(organizationId, limit + 1, after)
      return toPage(rows, limit, (row) => ({ at: row.createdAt.getTime(), id: row.id }), view)
    },

    get: async (organizationId, id) => view(await get(organizationId, id)),

    count: (organizationId) => store.countPending(organizationId, MAX_PENDING),

    async sendAgain(organizationId, invitation) {
      const organization = await find(organizationId)
      const row = await get(organizationId, invitation)
      const { token, stored } = newLink()
      const done = await store.renew(row.id, stored, mailTo(row.email))
      if (done === 'full') throw enoughMails()
      if (done === 'over') throw notFound()
      const { id, name } = organization
      const after = { email: row.email }
      events({ type: 'organization.invitation_sent_again', id, name, invitation, after })
      send(organization, row, token)
      const { tokenHash: _, ...times } = stored
      return view({ ...row, ...times })
    },

    async revoke(organizationId, invitation) {
      const { id, name } = await find(organizationId)
      const row = await get(organizationId, invitation)
      if (!(await store.revoke(row.id))) throw notFound()
      const after = { email: row.email }
      events({ type: 'organization.invitation_revoked', id, name, invitation, after })
    },

    async peek(token) {
      const row = await byToken(token)
      return row && offer(row)
    },

    async accept(token, invited) {
      const row = await byToken(token)
      if (row === undefined) return undefined
      if (invited.email !== row.email)
        throw new AppError('another_address', 403, message('organizationInvitation.refused'))
      const tokenHash = hashOf(token)
      const given = { id: row.id, tokenHash, accountId: invited.id, now: new Date(clock()) }
      const union = (stored: string) => [...new Set(`${stored} ${row.roles}`.split(' ').filter(Boolean))]
      const done = await store.accept(given, (stored) => union(stored).join(' '))
      if (done === undefined) return undefined
      const offered = offer(row)
      const named = { id: row.organizationId, name: offered.organization, accountId: invited.id }
      events({ type: 'organization.invitation_accepted', ...named, invitation: row.id })
      if (done === 'added')
        events({ type: 'organization.member_added', ...named, after: { roles: offered.roles } })
      return offered
    },

    prune: async () =>
      (await store.prune(new Date(clock() - RETENTION), BATCH)) +
      (await store.pruneCounts(new Date(clock()), BATCH)),
  }
}

const isToken = (token: string): boolean => /^[\w-]{43}$/.test(token)

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')

const enoughMails = () =>
  new AppError('too_many_mails', 429, message('organizations.problem.enoughMails'), {
    retryAfter: HOUR / 1000,
  })

const notFound = () =>
  new AppError('invitation_not_found', 404, message('organizations.problem.noInvitation'))
