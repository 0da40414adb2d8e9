import type { Case, Explanation, Rejection, Rule, RuleContext } from './rejection.ts'
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
  title: ({ error }) => `Refused: ${error}`,
  mistake: ({ description, details }) =>
    `The server says: ${[description, details.detail].filter(Boolean).join('; ') || 'nothing more'}.`,
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

/** Why a request was probably refused, and what to do. Never decides anything. */
export function explain(rejection: Rejection, context: RuleContext): Explanation {
  const whole: Case = { ...rejection, ...context }
  const rule = RULES.find(({ fits }) => fits(whole)) ?? unexplained
  const say = (words: string | ((rejection: Case) => string | undefined) | undefined) =>
    typeof words === 'function' ? words(whole) : words
  return {
    rule: rule.name,
    title: say(rule.title) ?? '',
    mistake: say(rule.mistake) ?? '',
    inApp: say(rule.inApp) ?? '',
    here: say(rule.here),
  }
}
