/**
 * Domains of mail that are an organization's:
 *
 *   added ──(its TXT record is found)──► verified ──(the record is missing for a week)──► not verified
 *                                           ▲ │ looked at daily
 *                                           └─┘
 *
 * Several organizations may add a domain, and one at a time has it verified. A domain stands for itself alone, not for what is below it.
 */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { isId } from '../../shared/ids.ts'
import { message, t } from '../../shared/locales/texts.ts'
import { refusedFields } from '../../shared/validation-error.ts'
import type { Organization, OrganizationEvent } from '../organization.ts'
import type { LookUpTxt, TxtAnswer } from './dns.ts'
import { canonicalDomain, parseDomain } from './name.ts'
import type { DomainRow, DomainStore } from './store.ts'

/** A domain with what proves that it is the organization's. */
export interface OrganizationDomain {
  /** Lower case, ASCII. */
  domain: string
  /** A record of DNS, of type TXT, to be made. */
  record: { name: string; value: string }
  verified: boolean
  /** Milliseconds since the epoch; null: it is not. */
  verifiedAt: number | null
  /** When DNS was asked last; null: never. */
  checkedAt: number | null
  /** When a verified one is lost unless its record comes back; null: it is there. */
  lostAt: number | null
  /** Milliseconds since the epoch. */
  createdAt: number
}

export interface Domains {
  /** @throws ValidationError (422) on `domain`, (409) where the organization has it or has too many · AppError organization_not_found (404) */
  add(organizationId: string, domain: unknown): Promise<OrganizationDomain>
  /** All, by name. @throws AppError organization_not_found (404) */
  list(organizationId: string): Promise<OrganizationDomain[]>
  /** The names, of several organizations. */
  namesOf(organizationIds: readonly string[]): Promise<ReadonlyMap<string, string[]>>
  /**
   * Looks for the record.
   * @throws AppError organization_not_found, domain_not_found (404), domain_record_missing, domain_record_differs, domain_taken (409),
   *   dns_unanswered (503)
   */
  verify(organizationId: string, domain: string): Promise<OrganizationDomain>
  /** @throws AppError organization_not_found, domain_not_found (404) */
  remove(organizationId: string, domain: string): Promise<void>
  /** For a job: looks for the records of some that were not looked for today. Returns how many. */
  recheck(): Promise<number>
}

/** Of one organization. */
const MAX_DOMAINS = 100
const DAY = 86_400_000
/** Milliseconds that the record of a verified domain may be missing. */
const GRACE = 7 * DAY
/** Looked for by one run of the job, one after the other: DNS may take its two seconds for each. */
const BATCH = 10

const PREFIX = 'latchkey-verification='

const recordOf = ({ domain, token }: Pick<DomainRow, 'domain' | 'token'>) => ({
  name: `_latchkey-challenge.${domain}`,
  value: `${PREFIX}${token}`,
})

const view = (row: DomainRow): OrganizationDomain => ({
  domain: row.domain,
  record: recordOf(row),
  verified: row.verifiedAt !== null,
  verifiedAt: row.verifiedAt?.getTime() ?? null,
  checkedAt: row.checkedAt?.getTime() ?? null,
  lostAt: row.missingSince === null ? null : row.missingSince.getTime() + GRACE,
  createdAt: row.createdAt.getTime(),
})

type Found = 'there' | 'missing' | 'differs' | 'unanswered'

function judge(answer: TxtAnswer, wanted: string): Found {
  if (answer === 'unanswered') return 'unanswered'
  if (answer === 'none' || answer.values.length === 0) return 'missing'
  return answer.values.some((value) => value.trim() === wanted) ? 'there' : 'differs'
}

export function createDomains({
  store,
  lookUpTxt,
  find,
  clock,
  events,
}: {
  store: DomainStore
  lookUpTxt: LookUpTxt
  /** @throws AppError organization_not_found (404) */
  find(id: string): Promise<Organization>
  clock: Clock
  /** Told of every change after it is stored. */
  events(event: OrganizationEvent): void
}): Domains {
  async function get(organizationId: string, given: string): Promise<DomainRow> {
    const domain = canonicalDomain(given)
    const row =
      domain === undefined || !isId(organizationId) ? undefined : await store.find(organizationId, domain)
    if (row === undefined) throw notFound()
    return row
  }

  const look = async (row: DomainRow): Promise<Found> => {
    const { name, value } = recordOf(row)
    return judge(await lookUpTxt(name), value)
  }

  /** The record of one that is verified is not there: it has its time to come back. */
  async function missed(row: DomainRow, name: string): Promise<void> {
    const now = clock()
    const { organizationId: id, domain } = row
    await store.checked(id, domain, new Date(now), { missing: new Date(now) })
    if (row.missingSince === null || now - row.missingSince.getTime() < GRACE) return
    if (await store.lose(id, domain)) events({ type: 'organization.domain_lost', id, name, domain })
  }

  return {
    async add(organizationId, given) {
      const { id, name } = await find(organizationId)
      const domain = parseDomain(given)
      if ((await store.list([id], MAX_DOMAINS)).length >= MAX_DOMAINS)
        throw refusedFields({ domain: t('organizations.domain.tooMany', { count: MAX_DOMAINS }) }, 409)
      const token = randomBytes(18).toString('base64url')
      const row = { organizationId: id, domain, token, createdAt: new Date(clock()) }
      const done = await store.insert(row)
      if (done === 'missing') await find(id)
      if (done === 'present') throw refusedFields({ domain: t('organizations.domain.present') }, 409)
      events({ type: 'organization.domain_added', id, name, domain })
      return view({ ...row, verifiedAt: null, checkedAt: null, missingSince: null })
    },

    async list(organizationId) {
      const { id } = await find(organizationId)
      return (await store.list([id], MAX_DOMAINS)).map(view)
    },

    async namesOf(organizationIds) {
      const names = new Map<string, string[]>(organizationIds.map((id) => [id, []]))
      for (const { organizationId, domain } of await store.list(
        organizationIds,
        MAX_DOMAINS * organizationIds.length,
      ))
        names.get(organizationId)?.push(domain)
      return names
    },

    async verify(organizationId, given) {
      const { id, name } = await find(organizationId)
      const row = await get(id, given)
      const { domain } = row
      const found = await look(row)
      const record = recordOf(row)
      if (found === 'unanswered')
        throw new AppError(
          'dns_unanswered',
          503,
          message('organizations.domain.unanswered', { name: record.name }),
          {
            retryAfter: 60,
          },
        )
      if (found !== 'there') {
        await missed(row, name)
        if (found === 'missing')
          throw new AppError(
            'domain_record_missing',
            409,
            message('organizations.domain.missing', { name: record.name }),
          )
        throw new AppError(
          'domain_record_differs',
          409,
          message('organizations.domain.differs', { name: record.name }),
        )
      }
      const done = await store.verify(id, domain, new Date(clock()))
      if (done === 'gone') throw notFound()
      if (done === 'taken')
        throw new AppError('domain_taken', 409, message('organizations.domain.taken', { domain }))
      if (done === 'verified') events({ type: 'organization.domain_verified', id, name, domain })
      return view(await get(id, domain))
    },

    async remove(organizationId, given) {
      const { id, name } = await find(organizationId)
      const { domain } = await get(id, given)
      if (!(await store.remove(id, domain))) throw notFound()
      events({ type: 'organization.domain_removed', id, name, domain })
    },

    async recheck() {
      const rows = await store.due(new Date(clock() - DAY), BATCH)
      for (const { name, ...row } of rows) {
        if (!(await store.take(row, new Date(clock())))) continue
        const found = await look(row)
        // Who cannot be reached says nothing: neither that the record is there nor that it is not.
        if (found === 'there')
          await store.checked(row.organizationId, row.domain, new Date(clock()), { missing: null })
        else if (found !== 'unanswered') await missed(row, name)
      }
      return rows.length
    },
  }
}

const notFound = () => new AppError('domain_not_found', 404, message('organizations.domain.none'))
