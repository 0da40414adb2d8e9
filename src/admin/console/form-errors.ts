import { AppError } from '../../errors.ts'
import { own } from '../../own.ts'

/**
 * A service's refusal as a form shows it: field errors beside their fields, everything else above the form. What is no
 * refusal is thrown on.
 * @param names of fields in the form, where they differ from the service's
 */
export function asFormErrors(
  error: unknown,
  names: Readonly<Record<string, string>> = {},
): { errors: Record<string, string>; alert?: string } {
  if (!(error instanceof AppError) || error.status >= 500) throw error
  if (!('errors' in error) || typeof error.errors !== 'object' || error.errors === null)
    return { errors: {}, alert: error.publicMessage }
  const entries = Object.entries(error.errors).map(([field, messages]): [string, string] => [
    own(names, field) ?? field,
    [messages].flat().map(String).join(' '),
  ])
  return { errors: Object.fromEntries(entries) }
}
