npx vite dev --host __HOSTNAME__ --port __PORT__ --strictPort
