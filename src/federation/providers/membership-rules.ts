/** Rules of a provider: what it says of a person gives groups and roles here. */

import { z } from 'zod'
import { domainOfAddress } from '../../shared/domain-name.ts'
import { saying } from '../../shared/locales/texts.ts'
import { claimNamed } from '../claims.ts'

const CLAIM = saying('admin.providers.problem.rule.claim')
const VALUE = saying('admin.providers.problem.rule.value')
const RULE = saying('admin.providers.problem.rule')
const GIVES = saying('admin.providers.problem.rule.gives')
const MAX_RULES = 100
const MAX_NAME = 400

const name = z.string(GIVES).trim().min(1, GIVES).max(MAX_NAME, GIVES)

/** The domain of the address that the provider vouches for: no claim of its own. */
export const EMAIL_DOMAIN = 'email_domain'

const TEXT = /^\s*([^=\s]+)=(.*\S)\s+(group|role):\s*(.*\S)\s*$/

/** A rule as people type it, `claim=value group:name`. Undefined: it is none. */
function ruleOf(text: string): Record<string, string> | undefined {
  const [, claim, value, kind, given] = TEXT.exec(text) ?? []
  if (claim === undefined || value === undefined || kind === undefined || given === undefined)
    return undefined
  return { claim, value, [kind]: given }
}

const rule = z
  .strictObject(
    {
      claim: z.string(CLAIM).min(1, CLAIM).max(100, CLAIM),
      value: z.string(VALUE).min(1, VALUE).max(300, VALUE),
      group: name.optional(),
      role: name.optional(),
    },
    RULE,
  )
  .refine(({ group, role }) => (group === undefined) !== (role === undefined), GIVES)

export type MembershipRule = z.output<typeof rule>

/** Objects, or text as people type it. */
export const membershipRules = z
  .array(
    z.preprocess((given) => (typeof given === 'string' ? ruleOf(given) : given), rule),
    RULE,
  )
  .max(MAX_RULES, saying('admin.providers.problem.rule.many', { most: MAX_RULES }))
  .default([])

export const MEMBERSHIP_MODES = ['add', 'sync'] as const

export const membershipMode = z
  .enum(MEMBERSHIP_MODES, saying('admin.providers.problem.rule.mode'))
  .default('add')

/** A rule as people type it. */
export const ruleText = ({ claim, value, group, role }: MembershipRule): string =>
  `${claim}=${value} ${group === undefined ? `role:${role}` : `group:${group}`}`

/** Values that are looked at of one claim: a person may be in thousands of groups of the provider. */
const MAX_VALUES = 10_000

/** What a claim says, as text: a list has several values; objects have none. */
function valuesOf(value: unknown): string[] {
  const list = Array.isArray(value) ? value.slice(0, MAX_VALUES) : [value]
  return list.filter((each) => ['string', 'number', 'boolean'].includes(typeof each)).map(String)
}

const matches = (wanted: string, said: string): boolean =>
  wanted.endsWith('*') ? said.startsWith(wanted.slice(0, -1)) : said === wanted

/**
 * Names of the groups and roles that the rules give for what a provider says.
 * @param email an address that the provider vouches for
 */
export function providedBy(
  {
    membershipMode: mode,
    membershipRules: rules,
  }: {
    membershipMode: 'add' | 'sync'
    membershipRules: readonly MembershipRule[]
  },
  claims: Readonly<Record<string, unknown>>,
  email: string | undefined,
): { mode: 'add' | 'sync'; groups: string[]; roles: string[] } {
  const domain = email === undefined ? undefined : domainOfAddress(email).toLowerCase()
  const said = (claim: string) =>
    claim === EMAIL_DOMAIN ? (domain === undefined ? [] : [domain]) : valuesOf(claimNamed(claims, claim))
  const met = rules.filter(({ claim, value }) => said(claim).some((each) => matches(value, each)))
  return {
    mode,
    groups: met.flatMap(({ group }) => group ?? []),
    roles: met.flatMap(({ role }) => role ?? []),
  }
}
