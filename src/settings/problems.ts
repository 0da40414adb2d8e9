import { AppError } from '../errors.ts'
import { problemLines } from '../problem-lines.ts'
import { type SettingName, variableOfSetting } from './table.ts'

/** Values that cannot be stored: every problem at once, by name. */
export class InvalidSettingsError extends AppError {
  readonly errors: Readonly<Record<string, readonly string[]>>

  constructor(problems: readonly { field: string; message: string }[]) {
    super('invalid_settings', 422, problemLines(problems))
    this.name = 'InvalidSettingsError'
    this.errors = Object.fromEntries(problems.map(({ field, message }) => [field, [message]]))
  }
}

export const pinnedError = (names: readonly SettingName[]): AppError => {
  const variables = names.map(variableOfSetting)
  const [are, them] = names.length === 1 ? ['is', 'it'] : ['are', 'them']
  return new AppError(
    'setting_pinned',
    409,
    `${names.join(', ')} ${are} set by the environment (${variables.join(', ')}) and cannot be changed here. Change ${them} there, or take ${them} out of the environment and restart.`,
  )
}

export const changedMeanwhile = (): AppError =>
  new AppError(
    'version_conflict',
    409,
    'The settings were changed since you looked at them. Look again, and repeat your change if it is still right.',
  )
