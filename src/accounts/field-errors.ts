import type { ZodError } from 'zod'

/** The first message of each field; of an object, of each part (`address.country`). What belongs to no field is under “form”. */
export function fieldErrorsOf(error: ZodError): Record<string, string> {
  const errors: Record<string, string> = {}
  for (const issue of error.issues) errors[issue.path.join('.') || 'form'] ??= issue.message
  return errors
}
