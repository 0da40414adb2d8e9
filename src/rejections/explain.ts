import { described, describedWith } from '../shared/locales/described.ts'
import { METHODS } from './methods.ts'
import { softwareTexts } from './pkce-software.ts'
import {
  type Case,
  type Explanation,
  filled,
  type Rejection,
  type Rule,
  type RuleContext,
  yes,
} from './rejection.ts'
import { accessRules } from './rules/access.ts'
import { assertionRules } from './rules/assertion.ts'
import { clientRules } from './rules/client.ts'
import { deviceRules } from './rules/device.ts'
import { dpopRules } from './rules/dpop.ts'
import { grantRules } from './rules/grant.ts'
import { pkceRules } from './rules/pkce.ts'
import { redirectUriRules } from './rules/redirect-uri.ts'
import { registrationRules } from './rules/registration.ts'
import { requestRules } from './rules/request.ts'
import { requestObjectRules } from './rules/request-object.ts'

const unexplained: Rule = {
  name: 'unexplained',
  fits: () => true,
  title: filled('Refused: {error}', ({ error }) => ({ error })),
  mistake: filled(
    '{said, select, yes {The server says: {words}.} other {The server says: nothing more.}}',
    ({ description, details }) => {
      const words = [description, details.detail].filter(Boolean).join('; ')
      return { words, said: yes(words !== '') }
    },
  ),
  inApp: 'Compare the request with the documentation of the endpoint.',
}

/** Every rule. The first that fits is taken, so what is special stands before what is general. */
export const RULES: readonly Rule[] = [
  ...registrationRules,
  ...redirectUriRules,
  ...pkceRules,
  ...dpopRules,
  ...deviceRules,
  ...clientRules,
  ...assertionRules,
  ...requestObjectRules,
  ...requestRules,
  ...accessRules,
  ...grantRules,
  unexplained,
]

const PARTS = ['title', 'mistake', 'inApp', 'here'] as const
type Part = (typeof PARTS)[number]

const keyOf = ({ name }: Rule, part: Part): string => `admin.rejection_rules.${name}.${part}`

/** The words of all rules, for the check of catalogues. */
export const ruleTexts = (): Record<string, string> => ({
  ...Object.fromEntries(
    RULES.flatMap((rule) =>
      PARTS.flatMap((part) => {
        const words = rule[part]
        if (words === undefined) return []
        return [[keyOf(rule, part), typeof words === 'string' ? words : words.text]]
      }),
    ),
  ),
  ...Object.fromEntries(
    Object.entries(METHODS).map(([method, words]) => [`admin.rejection_rules.method.${method}`, words]),
  ),
  ...softwareTexts(),
})

/** Why a request was probably refused, and what to do. Never decides anything. */
export function explain(rejection: Rejection, context: RuleContext): Explanation {
  const whole: Case = { ...rejection, ...context }
  const rule = RULES.find(({ fits }) => fits(whole)) ?? unexplained
  const say = (part: Part): string | undefined => {
    const words = rule[part]
    if (words === undefined) return undefined
    const key = keyOf(rule, part)
    if (typeof words === 'string') return described(key, words)
    const values = words.values(whole)
    return values && describedWith(key, words.text, values)
  }
  return {
    rule: rule.name,
    title: say('title') ?? '',
    mistake: say('mistake') ?? '',
    inApp: say('inApp') ?? '',
    here: say('here'),
  }
}
