import { AppError } from '../../shared/errors.ts'
import { ValidationError } from '../../shared/validation-error.ts'

/**
 * A service's rejection as a form shows it: field errors beside their fields, everything else above the form. Other errors
 * are thrown on.
 * @param names of fields in the form, where they differ from the service's
 */
export function asFormErrors(
  error: unknown,
  names: Readonly<Record<string, string>> = {},
): { errors: Record<string, string>; alert?: string } {
  if (!(error instanceof AppError) || error.status >= 500) throw error
  return error instanceof ValidationError
    ? { errors: error.rename(names).sentences }
    : { errors: {}, alert: error.publicMessage }
}
