// The first administrator as the environment names it (ADMIN_EMAIL, ADMIN_PASSWORD).
import {
  createPasswordPolicy,
  newOwner,
  type PasswordRules,
  type SecondFactorRequirement,
  serviceWordsOf,
} from '../passwords/policy.ts'
import { usernameFrom } from './username.ts'

/** Without a number behind it. */
export const administratorName = (email: string): string => usernameFrom(email.split('@')[0] ?? '')

/** One line for each field that is refused, by the name of its variable; the password is never in it. */
export const inVariables = (sentences: Readonly<Record<string, string>>): string[] =>
  Object.entries(sentences).map(([field, why]) =>
    field === 'password'
      ? `ADMIN_PASSWORD: ${why} For example, take the output of: openssl rand -base64 24`
      : `ADMIN_${field.toUpperCase()}: ${why}`,
  )

/**
 * What is wrong with the password before there is a database: whether it is in a list of stolen ones is asked later.
 * @param of.rules as they are in a new database
 */
export async function administratorProblems(
  { email, password }: { email: string; password: string },
  of: { rules: PasswordRules; issuer: string; secondFactorRequired: SecondFactorRequirement },
): Promise<string[]> {
  const { policy } = createPasswordPolicy({
    rules: of.rules,
    secondFactorRequired: of.secondFactorRequired,
    serviceWords: serviceWordsOf(of.issuer),
    isStolen: async () => false,
  })
  const weakness = await policy(password, { username: administratorName(email), email }, newOwner('admin'))
  return weakness === undefined ? [] : inVariables({ password: weakness })
}
