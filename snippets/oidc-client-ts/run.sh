npx vite --host __HOSTNAME__ --port __PORT__ --strictPort
