import { AppError } from '../shared/errors.ts'

export const notFound = (): AppError => new AppError('account_not_found', 404, 'There is no such account.')
