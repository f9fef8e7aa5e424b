;;; init.el --- what the tests start Emacs with  -*- lexical-binding: t -*-
;; RIGPILOT_COMMAND: the server and its arguments, as JSON; RIGPILOT_PLUGIN: the folder of rigpilot.el;
;; RIGPILOT_EVAL: what a test adds; EMACS_SERVER: the socket that the test asks through.
(setq inhibit-startup-screen t make-backup-files nil auto-save-default nil create-lockfiles nil
      native-comp-jit-compilation nil native-comp-deferred-compilation nil native-comp-enable-subr-trampolines nil
      vc-handled-backends nil ring-bell-function #'ignore enable-local-variables nil
      server-socket-dir (file-name-directory (getenv "EMACS_SERVER")) server-name (file-name-nondirectory (getenv "EMACS_SERVER")))
(menu-bar-mode -1)
(server-start)
(setq-default indent-tabs-mode nil)
(global-set-key (kbd "C-c t") (lambda () "A tab into the text." (interactive) (insert "\t")))
(global-set-key (kbd "C-c s") 'rigpilot-complete)
(when (getenv "RIGPILOT_PLUGIN")
  (load (expand-file-name "rigpilot.el" (getenv "RIGPILOT_PLUGIN")) nil t)
  (setq rigpilot-server-command (append (json-parse-string (getenv "RIGPILOT_COMMAND")) nil)
        python-indent-guess-indent-offset nil)
  (set-face-attribute 'rigpilot-ghost nil :inherit nil :foreground "#aa00aa")
  (add-to-list 'auto-mode-alist '("\\.\\(py\\|go\\|txt\\)\\'" . prog-mode)) ; the keys as they are: no language's own indentation
  (add-hook 'prog-mode-hook #'rigpilot-mode))
(defun test-go (line column) "To LINE and COLUMN, in characters." (goto-char (point-min)) (forward-line (1- line)) (forward-char column))
(eval (car (read-from-string (concat "(progn " (or (getenv "RIGPILOT_EVAL") "") ")"))) t)
